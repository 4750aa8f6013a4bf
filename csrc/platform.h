/* platform.h - what differs between operating systems and processors: memory and dynamic loading (signals: crash.c). */
#ifndef DAMO_PLATFORM_H
#define DAMO_PLATFORM_H

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define EXPORT __attribute__((visibility("default")))
#define INTERNAL __attribute__((visibility("hidden")))

enum { CACHE_LINE = 64, HUGE_PAGE = 2 << 20 };

/* ---- Memory ---- */

/* At least 64-byte aligned; from 2 MiB on, aligned to huge pages and asking for them. NULL if there is none. */
static inline void *platform_allocate(size_t bytes) {
  void *memory;
  if (posix_memalign(&memory, bytes >= HUGE_PAGE ? HUGE_PAGE : CACHE_LINE, bytes)) return NULL;
#ifdef MADV_HUGEPAGE
  if (bytes >= HUGE_PAGE) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

/* Tells the processor that this thread is spinning. */
static inline void platform_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* ---- Dynamic loading ---- */

#if defined(__x86_64__)
typedef uint32_t FloatMode;
static inline FloatMode float_mode(void) { return __builtin_ia32_stmxcsr(); }
static inline void set_float_mode(FloatMode mode) { __builtin_ia32_ldmxcsr(mode); }
#elif defined(__aarch64__)
typedef uint64_t FloatMode;
static inline FloatMode float_mode(void) {
  FloatMode mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
static inline void set_float_mode(FloatMode mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#else
typedef int FloatMode;
static inline FloatMode float_mode(void) { return 0; }
static inline void set_float_mode(FloatMode mode) { (void)mode; }
#endif

/* A library built with -ffast-math makes denormals zero for the thread that opens it; JavaScript runs on that thread. */
static inline void *platform_open(const char *path) {
  FloatMode mode = float_mode();
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  set_float_mode(mode);
  return library;
}

#endif
