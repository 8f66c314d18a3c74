/**
 * Answers of services are data: that a browser must not take them for anything but what they say they are is the one
 * header they need. Pages get the rest.
 */
export const securityHeaders = ["x-content-type-options", "nosniff"] as const;

/** Of static files. Inline styles are let through: they are the page's own, and small pages use them. */
export const pageSecurityHeaders = [
  "content-security-policy",
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'self'",
  "referrer-policy",
  "strict-origin-when-cross-origin",
] as const;
