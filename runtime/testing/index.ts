export type {
  DeliverOptions,
  Neighbour,
  PublishedEvent,
  TestRequestInit,
  TestServiceOptions,
} from "./options.ts";
export { TestService } from "./test-service.ts";
