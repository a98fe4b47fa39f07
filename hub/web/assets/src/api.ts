// Entry: the reference of the API, drawn from the hub's own description. Loaded on that page alone, since it is large.
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js'

const root = document.documentElement
const place = document.getElementById('api')

function followTheme(): void {
  root.classList.toggle('dark-mode', root.dataset['bsTheme'] === 'dark')
}

if (place) {
  new MutationObserver(followTheme).observe(root, { attributeFilter: ['data-bs-theme'] })
  followTheme()
  SwaggerUI({
    url: place.dataset['description'] ?? '',
    domNode: place,
    deepLinking: true,
    docExpansion: 'none',
    defaultModelsExpandDepth: 0,
    defaultModelExpandDepth: 2,
    displayOperationId: false,
    filter: true,
    persistAuthorization: false,
    tagsSorter: 'alpha',
    validatorUrl: null,
    syntaxHighlight: { activated: true, theme: 'agate' },
    onComplete: () => place.querySelector('#servers')?.setAttribute('aria-label', 'Server'),
  })
}
