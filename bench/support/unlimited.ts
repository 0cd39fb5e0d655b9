/** Settings of a gateway that is measured: one client sends in a minute what a hospital sends in an hour. */
export const UNLIMITED = {
  RATE_LIMIT_REQUESTS_PER_MINUTE: '0',
  RATE_LIMIT_BYTES_PER_MINUTE: '0',
  RATE_LIMIT_COST_PER_MINUTE: '0',
} as const;
