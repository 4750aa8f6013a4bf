/* pool.c - buffers by size class: what a program frees, it finds again. */
#include "cvm.h"

#include <string.h>

static int64_t class_size(int c) { return c < 3 ? 64 * (c + 1) : (int64_t)(4 + (c - 3) % 4) << (6 + (c - 3) / 4); }

/* The smallest class that holds `bytes`. */
static int class_of(int64_t bytes) {
  if (bytes <= 256) return bytes <= 64 ? 0 : (int)((bytes - 1) / 64);
  int log = 63 - __builtin_clzll((unsigned long long)(bytes - 1));
  int quarter = (int)((bytes - 1) >> (log - 2)); /* 4 .. 7: (quarter + 1) << (log - 2) holds it */
  return 4 * (log - 8) + quarter;
}

void pool_init(Pool *pool, int64_t limit, int shared) {
  memset(pool, 0, sizeof *pool);
  pool->limit = limit;
  pool->shared = shared;
  atomic_flag_clear(&pool->busy);
}

static void lock(Pool *pool) {
  while (pool->shared && atomic_flag_test_and_set_explicit(&pool->busy, memory_order_acquire)) platform_pause();
}

static void unlock(Pool *pool) {
  if (pool->shared) atomic_flag_clear_explicit(&pool->busy, memory_order_release);
}

void *pool_take(Pool *pool, int64_t bytes, int64_t *capacity) {
  if (bytes > (int64_t)1 << 45) return NULL;
  int c = class_of(bytes);
  *capacity = class_size(c);
  lock(pool);
  void *buffer = pool->first[c];
  if (buffer) {
    memcpy(&pool->first[c], buffer, sizeof buffer);
    pool->kept -= *capacity;
  }
  unlock(pool);
  return buffer ? buffer : platform_allocate((size_t)*capacity);
}

void pool_give(Pool *pool, void *buffer, int64_t capacity) {
  int c = class_of(capacity);
  lock(pool);
  int keep = pool->kept + capacity <= pool->limit;
  if (keep) {
    memcpy(buffer, &pool->first[c], sizeof buffer);
    pool->first[c] = buffer;
    pool->kept += capacity;
  }
  unlock(pool);
  if (!keep) free(buffer);
}

void pool_clear(Pool *pool) {
  for (int c = 0; c < N_CLASSES; c++) {
    for (void *buffer = pool->first[c], *next; buffer; buffer = next) {
      memcpy(&next, buffer, sizeof next);
      free(buffer);
    }
    pool->first[c] = NULL;
  }
  pool->kept = 0;
}
