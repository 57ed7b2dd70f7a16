/** `$geoWithin` of points: in a box, a circle or a polygon on a plane, and in a circle on a sphere. */
import { errorOf } from '../errors.ts';
import { keysOf, type Value } from '../value/document.ts';
import { legacyPoint, type Point } from '../value/point.ts';
import { isDoc, isNumber } from '../value/type.ts';
import type { FieldNode } from './node.ts';

const ROUNDING = 1e-12;

/** What a point may be within. */
interface Shape {
  contains(point: Point): boolean;
  /** The least and the greatest x of a point within; undefined on a sphere, where x goes round. */
  readonly span: { low: number; high: number } | undefined;
}

/** Returns the node for `$geoWithin`; shapes with GeoJSON's geometry are refused (115). */
export function geoWithinNode(operand: Value): FieldNode {
  const shape = readShape(operand);
  const isSphere = shape.span === undefined;
  return {
    kind: 'leaf',
    whole: false,
    test: (value) => {
      const point = pointOf(value, isSphere);
      return point !== undefined && shape.contains(point);
    },
  };
}

/** The least and the greatest x of what `$geoWithin` may find, where it is known. */
export function spanOf(operand: Value): Shape['span'] {
  return readShape(operand).span;
}

function pointOf(value: Value | undefined, isSphere: boolean): Point | undefined {
  const geometry = isDoc(value) && typeof value.type === 'string' ? value : undefined;
  if (geometry?.type === 'Point') return legacyPoint(geometry.coordinates);
  // On a plane no other geometry is within anything; on a sphere it might be.
  if (geometry && Array.isArray(geometry.coordinates) && isSphere)
    throw errorOf('CommandNotSupported', `mongolet cannot tell whether a ${String(geometry.type)} is within`);
  return legacyPoint(value);
}

function readShape(operand: Value): Shape {
  const [name, ...others] = isDoc(operand) ? keysOf(operand) : [];
  if (!isDoc(operand) || name === undefined || others.length > 0)
    throw errorOf('BadValue', '$geoWithin needs a document with one shape');
  const spec = operand[name];
  switch (name) {
    case '$box':
      return boxOf(pointsOf(spec, '$box'));
    case '$polygon':
      return polygonOf(pointsOf(spec, '$polygon'));
    case '$center':
      return circleOf(...circleSpec(spec, '$center'));
    case '$centerSphere':
      return capOf(...circleSpec(spec, '$centerSphere'));
    case '$geometry':
      throw errorOf('CommandNotSupported', "$geoWithin with '$geometry' is not supported by mongolet");
    default:
      throw errorOf('BadValue', `unknown geo specifier: ${name}`);
  }
}

function readPoint(value: Value): Point {
  const point = legacyPoint(value);
  if (!point) throw errorOf('BadValue', 'Point must be an array or object of two numbers');
  return point;
}

function pointsOf(spec: Value, name: string): Point[] {
  const values = Array.isArray(spec)
    ? (spec as Value[])
    : isDoc(spec)
      ? keysOf(spec).map((key) => spec[key])
      : [];
  const points = values.map(readPoint);
  if (name === '$box' && points.length !== 2) throw errorOf('BadValue', '$box needs two corners');
  if (name === '$polygon' && points.length < 3)
    throw errorOf('BadValue', 'Polygon must have at least 3 points');
  return points;
}

function circleSpec(spec: Value, name: string): [Point, number] {
  const [center, radius, ...more] = Array.isArray(spec) ? (spec as Value[]) : [];
  if (!isNumber(radius) || more.length > 0)
    throw errorOf('BadValue', `${name} needs a point and a radius, which is a number`);
  const length = Number(String(radius));
  if (!(length >= 0)) throw errorOf('BadValue', 'radius must be a non-negative number');
  return [readPoint(center), length];
}

function boxOf(corners: Point[]): Shape {
  const xs = corners.map((one) => one.x);
  const ys = corners.map((one) => one.y);
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const [bottom, top] = [Math.min(...ys), Math.max(...ys)];
  return {
    span: { low, high },
    contains: ({ x, y }) => x >= low && x <= high && y >= bottom && y <= top,
  };
}

function circleOf(center: Point, radius: number): Shape {
  // The sums are rounded: a little more than they say may be within.
  const reach = radius + (Math.abs(center.x) + radius) * ROUNDING;
  return {
    span: { low: center.x - reach, high: center.x + reach },
    contains: ({ x, y }) => Math.hypot(x - center.x, y - center.y) <= radius,
  };
}

/** By counting the edges that a ray from the point crosses; a point on an edge is within. */
function polygonOf(corners: Point[]): Shape {
  const xs = corners.map((one) => one.x);
  const edges = corners.map((to, i) => [corners.at(i - 1) as Point, to] as const);
  return {
    span: { low: Math.min(...xs), high: Math.max(...xs) },
    contains: (point) => {
      if (edges.some(([from, to]) => isOnEdge(point, from, to))) return true;
      const crossed = edges.filter(([from, to]) => {
        if (from.y > point.y === to.y > point.y) return false;
        return point.x < from.x + ((point.y - from.y) / (to.y - from.y)) * (to.x - from.x);
      });
      return crossed.length % 2 === 1;
    },
  };
}

function isOnEdge({ x, y }: Point, from: Point, to: Point): boolean {
  const isBetween =
    x >= Math.min(from.x, to.x) &&
    x <= Math.max(from.x, to.x) &&
    y >= Math.min(from.y, to.y) &&
    y <= Math.max(from.y, to.y);
  return isBetween && (x - from.x) * (to.y - from.y) === (y - from.y) * (to.x - from.x);
}

/** A circle on a sphere; its radius is an angle, in radians, and points are longitude and latitude, in degrees. */
function capOf(center: Point, radius: number): Shape {
  if (!isOnSphere(center)) throw errorOf('BadValue', 'Spherical center must be a longitude and a latitude');
  return {
    span: undefined,
    contains: (point) => isOnSphere(point) && angleBetween(center, point) <= radius,
  };
}

function isOnSphere({ x, y }: Point): boolean {
  return Math.abs(x) <= 180 && Math.abs(y) <= 90;
}

/** By the haversine formula, which is exact also for small angles. */
function angleBetween(a: Point, b: Point): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180;
  const [northward, eastward] = [radians(b.y - a.y), radians(b.x - a.x)];
  const h =
    Math.sin(northward / 2) ** 2 +
    Math.cos(radians(a.y)) * Math.cos(radians(b.y)) * Math.sin(eastward / 2) ** 2;
  return 2 * Math.asin(Math.min(1, Math.sqrt(h)));
}
