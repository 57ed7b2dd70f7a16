/** The table of the API's routes: what is served, what is documented, and what is tested, from one source. */
import { type AnalyticsParts, analyticsRoutes } from './analytics-routes.ts';
import { type AuthParts, authRoutes } from './auth-routes.ts';
import { type FeedParts, feedRoutes } from './feed-routes.ts';
import { type OrderListParts, orderListRoutes } from './order-list-routes.ts';
import { type OrderParts, orderRoutes } from './order-routes.ts';
import { type ProductParts, productRoutes } from './product-routes.ts';
import { type ProfileParts, profileRoutes } from './profile-routes.ts';
import type { Route } from './route.ts';
import { type UserParts, userRoutes } from './user-routes.ts';
import { type WebhookEndpointParts, webhookEndpointRoutes } from './webhook-endpoint-routes.ts';

/** What the routes stand on. */
export type ApiParts = AuthParts &
  UserParts &
  ProfileParts &
  ProductParts &
  OrderListParts &
  OrderParts &
  FeedParts &
  AnalyticsParts &
  WebhookEndpointParts;

/** Every route below `/api/v1` and `/api`. */
export function apiRoutes(parts: ApiParts): Route[] {
  return [
    ...authRoutes(parts),
    ...userRoutes(parts),
    ...profileRoutes(parts),
    ...productRoutes(parts),
    ...orderListRoutes(parts),
    ...orderRoutes(parts),
    ...feedRoutes(parts),
    ...analyticsRoutes(parts),
    ...webhookEndpointRoutes(parts),
  ];
}
