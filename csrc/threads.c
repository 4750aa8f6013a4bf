/* threads.c - persistent threads for CALL_PARALLEL: they look for work for a while, then sleep, and outlive the library's last user. */
#include "cvm.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

/*
** Looks for work, or for its end, before a thread lets others run in between;
** and nanoseconds after which one sleeps: to be woken takes longer than most
** jobs, and in a loop much may lie between two of them.
*/
enum { SPINS = 2048, PATIENCE = 1000000 };

typedef struct Worker Worker;

/*
** A job has as many parts as there are threads. Thread k first takes part k, so
** that the same part of an array stays in the same core's caches from job to
** job; then it takes what nobody has begun, so nobody waits for a thread that
** comes too late. `begun` has for each part the number of the last job in which
** it was taken: a late thread cannot take a part of a job that is over.
*/
struct Threads {
  int n, started;             /* threads, the caller included; those besides the caller */
  Worker *workers;
  atomic_flag busy;           /* a job is running */
  _Atomic uint32_t number;    /* of the job; what it does is written before */
  _Atomic uint32_t *begun;    /* by part */
  _Atomic int done, sleeping, stopping;
  void (*job)(void *data, int part);
  void *data;
  pthread_mutex_t lock;       /* of those who sleep */
  pthread_cond_t wake;
};

/* Thread k = 1 .. n - 1; the caller is 0. */
struct Worker {
  pthread_t id;
  Threads *threads;
  int k;
};

/* Runs thread k's part of a job, and those that nobody has begun. */
static void work(Threads *threads, int k, uint32_t number) {
  for (int i = 0; i < threads->n; i++) {
    int part = k + i < threads->n ? k + i : k + i - threads->n;
    uint32_t before = number - 1;
    if (!atomic_compare_exchange_strong(&threads->begun[part], &before, number)) continue;
    threads->job(threads->data, part);
    atomic_fetch_add(&threads->done, 1);
  }
}

static int has_work(Threads *threads, uint32_t last) {
  return atomic_load(&threads->number) != last || atomic_load(&threads->stopping);
}

static int64_t nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void pause_or_yield(int spins) {
  spins < SPINS ? platform_pause() : (void)sched_yield();
}

/* Waits for a job after number `last`. */
static void await_work(Threads *threads, uint32_t last) {
  int64_t end = nanoseconds() + PATIENCE;
  for (int i = 0; nanoseconds() < end; i++) {
    if (has_work(threads, last)) return;
    pause_or_yield(i);
  }
  pthread_mutex_lock(&threads->lock);
  atomic_fetch_add(&threads->sleeping, 1);
  while (!has_work(threads, last)) pthread_cond_wait(&threads->wake, &threads->lock);
  atomic_fetch_sub(&threads->sleeping, 1);
  pthread_mutex_unlock(&threads->lock);
}

static void *worker(void *data) {
  const Worker *self = data;
  Threads *threads = self->threads;
  for (uint32_t last = 0; !atomic_load(&threads->stopping); await_work(threads, last)) {
    last = atomic_load(&threads->number);
    work(threads, self->k, last);
  }
  return NULL;
}

static void wake_all(Threads *threads) {
  if (!atomic_load(&threads->sleeping)) return;
  pthread_mutex_lock(&threads->lock);
  pthread_cond_broadcast(&threads->wake);
  pthread_mutex_unlock(&threads->lock);
}

int threads_count(const Threads *threads) { return threads ? threads->n : 1; }

void threads_run(Threads *threads, void (*job)(void *data, int part), void *data) {
  int n = threads_count(threads);
  if (!threads || atomic_flag_test_and_set(&threads->busy)) { /* another VM has them: the same parts, one by one */
    for (int part = 0; part < n; part++) job(data, part);
    return;
  }
  threads->job = job, threads->data = data;
  atomic_store(&threads->done, 0);
  uint32_t number = atomic_fetch_add(&threads->number, 1) + 1;
  wake_all(threads);
  work(threads, 0, number);
  for (int i = 0; atomic_load(&threads->done) < n; i++) pause_or_yield(i);
  atomic_flag_clear(&threads->busy);
}

/* Keeps this library for as long as the process lives: threads may still run it when its user closes it. */
static void stay(void) {
  Dl_info self;
  if (dladdr((void *)stay, &self) && self.dli_fname) dlopen(self.dli_fname, RTLD_NOW | RTLD_LOCAL);
}

/* Splits ranges n ways, on n threads of which the caller is one, or on as many as can be had. NULL if there is no memory. */
EXPORT Threads *cvm_threads_new(int32_t n) {
  Threads *threads = calloc(1, sizeof *threads);
  Worker *workers = calloc((size_t)n, sizeof *workers);
  _Atomic uint32_t *begun = calloc((size_t)n, sizeof *begun);
  if (!threads || !workers || !begun) return free(threads), free(workers), free(begun), NULL;
  stay();
  threads->n = n;
  threads->workers = workers;
  threads->begun = begun;
  pthread_mutex_init(&threads->lock, NULL);
  pthread_cond_init(&threads->wake, NULL);
  atomic_flag_clear(&threads->busy);
  for (int k = 1; k < n; k++) {
    Worker *w = &workers[k];
    *w = (Worker){.threads = threads, .k = k};
    if (pthread_create(&w->id, NULL, worker, w)) break;
    threads->started++;
  }
  return threads;
}

EXPORT void cvm_threads_free(Threads *threads) {
  atomic_store(&threads->stopping, 1);
  wake_all(threads);
  for (int k = 1; k <= threads->started; k++) pthread_join(threads->workers[k].id, NULL);
  pthread_mutex_destroy(&threads->lock);
  pthread_cond_destroy(&threads->wake);
  free(threads->workers);
  free(threads->begun);
  free(threads);
}
