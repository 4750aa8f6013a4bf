/* threads.c - persistent threads for CALL_PARALLEL: they spin shortly, then sleep. */
#include "cvm.h"

#include <pthread.h>
#include <sched.h>

enum { SPINS = 4096 };

struct Threads {
  int n;                      /* the caller included */
  pthread_t *ids;
  pthread_mutex_t lock;       /* of the two conditions */
  pthread_cond_t wake;
  atomic_flag busy;           /* a job is running */
  _Atomic unsigned round;     /* a new one for each job */
  _Atomic int next, pending, stopping;
  int parts;
  void (*job)(void *data, int part);
  void *data;
};

/* Takes parts until there are none. */
static void work(Threads *threads) {
  for (;;) {
    int part = atomic_fetch_add(&threads->next, 1);
    if (part >= threads->parts) return;
    threads->job(threads->data, part);
  }
}

/* Waits for a round other than `seen`, and returns it. */
static unsigned next_round(Threads *threads, unsigned seen) {
  unsigned round;
  for (int i = 0; i < SPINS; i++) {
    if ((round = atomic_load(&threads->round)) != seen) return round;
    platform_pause();
  }
  pthread_mutex_lock(&threads->lock);
  while ((round = atomic_load(&threads->round)) == seen) pthread_cond_wait(&threads->wake, &threads->lock);
  pthread_mutex_unlock(&threads->lock);
  return round;
}

static void *worker(void *data) {
  Threads *threads = data;
  for (unsigned round = 0;;) {
    round = next_round(threads, round);
    if (atomic_load(&threads->stopping)) return NULL;
    work(threads);
    atomic_fetch_sub(&threads->pending, 1);
  }
}

static void start_round(Threads *threads) {
  pthread_mutex_lock(&threads->lock);
  atomic_fetch_add(&threads->round, 1);
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
  atomic_store(&threads->next, 0);
  atomic_store(&threads->pending, threads->n - 1);
  start_round(threads);
  work(threads);
  for (int i = 0; atomic_load(&threads->pending); i++) i < SPINS ? platform_pause() : (void)sched_yield();
  atomic_flag_clear(&threads->busy);
}

/* n threads, of which the caller is one; NULL if they could not be had. */
EXPORT Threads *cvm_threads_new(int32_t n) {
  Threads *threads = calloc(1, sizeof *threads);
  pthread_t *ids = calloc((size_t)n, sizeof *ids);
  if (!threads || !ids) return free(threads), free(ids), NULL;
  threads->ids = ids;
  pthread_mutex_init(&threads->lock, NULL);
  pthread_cond_init(&threads->wake, NULL);
  atomic_flag_clear(&threads->busy);
  for (threads->n = 1; threads->n < n; threads->n++) {
    if (pthread_create(&ids[threads->n], NULL, worker, threads)) break;
  }
  return threads;
}

EXPORT void cvm_threads_free(Threads *threads) {
  atomic_store(&threads->stopping, 1);
  start_round(threads);
  for (int i = 1; i < threads->n; i++) pthread_join(threads->ids[i], NULL);
  pthread_mutex_destroy(&threads->lock);
  pthread_cond_destroy(&threads->wake);
  free(threads->ids);
  free(threads);
}
