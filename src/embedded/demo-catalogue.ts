/** The demo catalogue: what a first visitor finds in the shop. */
import type { NewProduct } from '../ports/products.ts';

const CURRENCY = 'EUR';

/** A product of the demo: its sku, name, description, price in minor units, and the units in stock. */
type Entry = [sku: string, name: string, description: string, priceMinor: number, stock: number];

const GOODS: Entry[] = [
  ['MUG-SPECKLED', 'Speckled stoneware mug', '350 ml, thrown by hand, safe in the dishwasher.', 1450, 120],
  ['TEAPOT-IRON', 'Cast-iron teapot', '0.8 l, enamelled inside, with a steel sieve.', 4900, 40],
  ['CANDLE-CEDAR', 'Cedar and amber candle', 'Soy wax in a glass, burns for about 45 hours.', 2250, 200],
  ['BLANKET-WOOL', 'Lambswool blanket', '130 x 180 cm, woven in herringbone.', 8900, 25],
  ['LAMP-BRASS', 'Brass desk lamp', 'A swivelling head, with a linen cable.', 11900, 15],
  ['NOTEBOOK-A5', 'Linen notebook A5', '192 dotted pages that lie flat.', 1690, 300],
  ['PEN-WALNUT', 'Walnut rollerball pen', 'Turned from one piece, takes standard refills.', 3400, 80],
  ['BOARD-OAK', 'Oak chopping board', '40 x 25 cm, oiled, with a groove for juice.', 3950, 60],
  ['APRON-DENIM', 'Denim apron', 'Cross-back straps and three pockets.', 4200, 70],
  ['COFFEE-500', 'House espresso beans', '500 g, roasted this week: chocolate, hazelnut.', 1290, 500],
  ['VASE-SMOKE', 'Smoked glass vase', '22 cm, blown by mouth; no two are alike.', 5600, 3],
  ['CLOCK-BIRCH', 'Birch wall clock', '28 cm, a silent sweeping movement.', 6400, 0],
];

/** Twelve products; one is nearly sold out, and one is. */
export const DEMO_PRODUCTS: readonly NewProduct[] = [
  ...GOODS.map(([sku, name, description, priceMinor, stock]) => ({
    sku,
    name,
    description,
    kind: 'goods' as const,
    priceMinor,
    currency: CURRENCY,
    stock,
  })),
];

/** What the screen's first order is for. */
export const FIRST_ORDER = { sku: 'MUG-SPECKLED', quantity: 2, unitPriceMinor: 1450, currency: CURRENCY };
