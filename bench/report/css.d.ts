/** Style sheets are imported `with { type: "text" }`, so that a report carries its own. */
declare module "*.css" {
  const text: string;
  export default text;
}
