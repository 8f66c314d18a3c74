/** The shop's services as modules of this program, for a binary that has no source files beside it. */
export const embeddedServices: Readonly<Record<string, () => Promise<unknown>>> = {
  identity: () => import("../services/identity/service.ts"),
  catalog: () => import("../services/catalog/service.ts"),
  inventory: () => import("../services/inventory/service.ts"),
  orders: () => import("../services/orders/service.ts"),
  payments: () => import("../services/payments/service.ts"),
  notifications: () => import("../services/notifications/service.ts"),
};
