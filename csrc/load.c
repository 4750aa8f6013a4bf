/* load.c - code from other libraries: kernels and BLAS. */
#include "cvm.h"

#include <stdio.h>
#include <string.h>

/* The symbol of a library, or NULL with the reason in message[0 .. size). Libraries stay open. */
EXPORT void *cvm_load(const char *path, const char *symbol, char *message, int32_t size) {
  void *library = platform_open(path), *found = library ? dlsym(library, symbol) : NULL;
  if (!found) snprintf(message, (size_t)size, "%s", library ? "it has no such symbol" : dlerror());
  return found;
}

static const char *const BLAS_NAMES[] = {"sgemm", "dgemm", "sgemv", "dgemv", "sger", "dger", "sdot", "ddot"};
enum { N_BLAS = sizeof BLAS_NAMES / sizeof *BLAS_NAMES };
_Static_assert(sizeof(Blas) == N_BLAS * sizeof(void *), "a name for each function of Blas");

/* The table of a BLAS whose symbols are `prefix`cblas_sgemm ..., or NULL with the reason in message[0 .. size). */
EXPORT Blas *cvm_blas(const char *path, const char *prefix, char *message, int32_t size) {
  char name[128];
  void *library = platform_open(path), *functions[N_BLAS];
  if (!library) return snprintf(message, (size_t)size, "%s", dlerror()), NULL;
  for (int i = 0; i < N_BLAS; i++) {
    snprintf(name, sizeof name, "%scblas_%s", prefix, BLAS_NAMES[i]);
    functions[i] = dlsym(library, name);
  }
  if (!functions[0]) return snprintf(message, (size_t)size, "it has no %scblas_sgemm", prefix), NULL;
  Blas *blas = malloc(sizeof *blas);
  if (blas) memcpy(blas, functions, sizeof *blas);
  return blas;
}
