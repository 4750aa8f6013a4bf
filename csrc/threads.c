/* threads.c - persistent threads for CALL_PARALLEL: they spin shortly, then sleep. */
#include "cvm.h"

#include <pthread.h>
#include <sched.h>

enum { SPINS = 2048 };

/*
** `work` holds the number of the job above and the parts not yet taken below:
** a part is taken by counting it down, so nobody waits for a thread that came
** too late, and a late thread cannot take a part of a job that is over.
*/
struct Threads {
  int n, started;             /* parts of a range, the caller's included; threads besides the caller */
  pthread_t *ids;
  atomic_flag busy;           /* a job is running */
  _Atomic uint64_t work;
  _Atomic int done, sleeping, stopping;
  int parts;                  /* this and the next two belong to the job in `work` */
  void (*job)(void *data, int part);
  void *data;
  pthread_mutex_t lock;       /* of those who sleep */
  pthread_cond_t wake;
};

static int has_work(Threads *threads) { return (uint32_t)atomic_load(&threads->work) > 0 || atomic_load(&threads->stopping); }

/* Takes parts until there are none. */
static void work(Threads *threads) {
  uint64_t work = atomic_load(&threads->work);
  while ((uint32_t)work > 0) {
    if (!atomic_compare_exchange_weak(&threads->work, &work, work - 1)) continue;
    threads->job(threads->data, threads->parts - (int)(uint32_t)work);
    atomic_fetch_add(&threads->done, 1);
    work = atomic_load(&threads->work);
  }
}

static void await_work(Threads *threads) {
  for (int i = 0; i < SPINS; i++) {
    if (has_work(threads)) return;
    platform_pause();
  }
  pthread_mutex_lock(&threads->lock);
  atomic_fetch_add(&threads->sleeping, 1);
  while (!has_work(threads)) pthread_cond_wait(&threads->wake, &threads->lock);
  atomic_fetch_sub(&threads->sleeping, 1);
  pthread_mutex_unlock(&threads->lock);
}

static void *worker(void *data) {
  Threads *threads = data;
  while (!atomic_load(&threads->stopping)) {
    work(threads);
    await_work(threads);
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

void threads_run(Threads *threads, void (*job)(void *data, int part), void *data, int parts) {
  if (!threads || atomic_flag_test_and_set(&threads->busy)) { /* another VM has them: the same parts, one by one */
    for (int part = 0; part < parts; part++) job(data, part);
    return;
  }
  threads->job = job, threads->data = data, threads->parts = parts;
  atomic_store(&threads->done, 0);
  atomic_store(&threads->work, (((atomic_load(&threads->work) >> 32) + 1) << 32) + (uint64_t)parts);
  wake_all(threads);
  work(threads);
  for (int i = 0; atomic_load(&threads->done) < parts; i++) i < SPINS ? platform_pause() : (void)sched_yield();
  atomic_flag_clear(&threads->busy);
}

/* Splits ranges n ways, on n threads of which the caller is one, or on as many as can be had. NULL if there is no memory. */
EXPORT Threads *cvm_threads_new(int32_t n) {
  Threads *threads = calloc(1, sizeof *threads);
  pthread_t *ids = calloc((size_t)n, sizeof *ids);
  if (!threads || !ids) return free(threads), free(ids), NULL;
  threads->n = n;
  threads->ids = ids;
  pthread_mutex_init(&threads->lock, NULL);
  pthread_cond_init(&threads->wake, NULL);
  atomic_flag_clear(&threads->busy);
  while (threads->started < n - 1 && !pthread_create(&ids[threads->started], NULL, worker, threads)) threads->started++;
  return threads;
}

EXPORT void cvm_threads_free(Threads *threads) {
  atomic_store(&threads->stopping, 1);
  wake_all(threads);
  for (int i = 0; i < threads->started; i++) pthread_join(threads->ids[i], NULL);
  pthread_mutex_destroy(&threads->lock);
  pthread_cond_destroy(&threads->wake);
  free(threads->ids);
  free(threads);
}
