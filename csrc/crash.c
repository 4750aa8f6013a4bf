/*
** crash.c - turns a crash inside of a kernel into a value, for DebugMode. A
** signal handler has no argument of its own, so here, and nowhere else, libcvm
** has statics: what this thread returns to, and the handlers that were there
** before, written once.
*/
#include "cvm.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>

enum { N_SIGNALS = 3 };
static const int SIGNALS[N_SIGNALS] = {SIGSEGV, SIGBUS, SIGFPE};
static struct sigaction before[N_SIGNALS];
static atomic_flag installed = ATOMIC_FLAG_INIT;
static _Thread_local sigjmp_buf *back;

/* Not ours (V8 has traps of its own): what would have happened without us. */
static void pass_on(int signal, siginfo_t *info, void *context) {
  for (int i = 0; i < N_SIGNALS; i++) {
    if (SIGNALS[i] != signal) continue;
    if (before[i].sa_flags & SA_SIGINFO) before[i].sa_sigaction(signal, info, context);
    else if (before[i].sa_handler == SIG_DFL) sigaction(signal, &before[i], NULL);
    else if (before[i].sa_handler != SIG_IGN) before[i].sa_handler(signal);
  }
}

static void on_signal(int signal, siginfo_t *info, void *context) {
  sigjmp_buf *to = back;
  if (!to) pass_on(signal, info, context);
  else back = NULL, siglongjmp(*to, signal);
}

static void install(void) {
  struct sigaction action;
  if (atomic_flag_test_and_set(&installed)) return;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (int i = 0; i < N_SIGNALS; i++) sigaction(SIGNALS[i], &action, &before[i]);
}

int guarded(int (*run)(Vm *vm, int64_t fuel), Vm *vm, int64_t fuel) {
  sigjmp_buf here;
  install();
  int signal = sigsetjmp(here, 1);
  if (signal) {
    vm->context.error = (KernelError){CVM_CRASHED, 0, signal, 0};
    return CVM_CRASHED;
  }
  back = &here;
  int status = run(vm, fuel);
  back = NULL;
  return status;
}
