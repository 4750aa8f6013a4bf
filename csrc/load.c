/* load.c - code from other libraries: kernels, BLAS and LAPACK. */
#include "cvm.h"
#include "lapack.h"

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
_Static_assert(offsetof(Blas, lapack) == N_BLAS * sizeof(void *), "a name for each function of Blas");

#define LAPACK_NAME(name, arguments) #name,
static const char *const LAPACK_NAMES[] = {DAMO_LAPACK(LAPACK_NAME, void)};
enum { N_LAPACK = sizeof LAPACK_NAMES / sizeof *LAPACK_NAMES };

/* The table of a LAPACK whose symbols are `prefix`spotrf_ ..., or NULL unless it has all. */
static Lapack *find_lapack(void *library, const char *prefix) {
  char name[128];
  void *functions[2 * N_LAPACK];
  for (int i = 0; i < 2 * N_LAPACK; i++) {
    snprintf(name, sizeof name, "%s%c%s_", prefix, "sd"[i / N_LAPACK], LAPACK_NAMES[i % N_LAPACK]);
    functions[i] = dlsym(library, name);
    if (!functions[i]) return NULL;
  }
  Lapack *lapack = malloc(sizeof *lapack);
  if (lapack) memcpy(lapack, functions, sizeof *lapack);
  return lapack;
}

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
  if (!blas) return snprintf(message, (size_t)size, "there is no memory"), NULL;
  memcpy(blas, functions, sizeof functions);
  blas->lapack = find_lapack(library, prefix);
  return blas;
}
