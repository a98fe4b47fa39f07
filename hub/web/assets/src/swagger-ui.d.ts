declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  /** Draws a description of an API; see the manual of Swagger UI for the options. */
  export default function SwaggerUI(options: Record<string, unknown>): unknown
}
