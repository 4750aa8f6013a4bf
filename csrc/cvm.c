/* cvm.c - runs a program: a loop over instructions; what each does stands in cvm_opcodes.h. */
#include "steps.h"

const Library library = {pool_take, pool_give, threads_count, threads_run, builtins};

/* ---- Thunks ---- */

static int64_t range_of(const Thunk *t) { return t->range >= 0 ? t->range : *(const int64_t *)t->extents->data; }

/* Outputs find their memory: a buffer of their own, or that of the input they overwrite. */
static inline int prepare(Vm *vm, const Thunk *t) {
  int error = keep_all(vm, t->owns, t->n_owns);
  if (t->inplace_out) {
    t->inplace_out->data = t->inplace_in->data;
    if (t->takes_lengths) take_lengths(t->inplace_out, t->inplace_in);
  }
  return error;
}

static inline int run_thunk(Vm *vm, const Thunk *t) {
  int error = prepare(vm, t);
  return error ? error : t->kernel(&vm->context, t->args, 0, range_of(t));
}

static inline int run_parallel(Vm *vm, const Thunk *t) {
  int error = prepare(vm, t);
  return error ? error : run_split(vm, t->kernel, t->args, range_of(t));
}

/* ---- The machine ---- */

/*
** Runs from vm->pc until a status. Written once, compiled twice: `metered`
** stops after `fuel` instructions (none if negative) and notes every pc.
*/
static inline __attribute__((always_inline)) int interpret(Vm *vm, const int metered, int64_t fuel) {
  State *state = vm->state;
  Array **slot = vm->slot;
  int32_t *flag = vm->flags, pc = vm->pc;
  int status, more;
  for (;;) {
    if (metered) {
      state->at = pc;
      if (fuel-- == 0) { status = CVM_STOPPED; goto pause; }
    }
    const Instruction i = vm->code[pc++];
    switch (i.op) {
      case OP_HALT:          status = halt(vm, &more), pc = 0;
                             if (status > 0) goto stop;
                             if (!more) goto pause;
                             break;
      case OP_CALL:          status = run_thunk(vm, &vm->thunks[i.a]);
                             if (status) goto stop;
                             break;
      case OP_CALL_PARALLEL: status = run_parallel(vm, &vm->thunks[i.a]);
                             if (status) goto stop;
                             break;
      case OP_HOST:          status = prepare(vm, &vm->thunks[i.a]);
                             if (status) goto stop;
                             state->thunk = i.a, status = CVM_HOST;
                             goto pause;
      case OP_BIND:          bind(slot[i.a], slot[i.b]); break;
      case OP_FREE:          release(vm, slot[i.a]); break;
      case OP_SWAP:          swap(vm, slot[i.a], slot[i.b]); break;
      case OP_CLEAR:         memset(flag + i.a, 0, (size_t)i.b * sizeof *flag); break;
      case OP_JUMP:          pc = i.b; break;
      case OP_JUMP_UNLESS:   if (!*(const uint8_t *)slot[i.a]->data) pc = i.b;
                             break;
      case OP_GOSUB:         if (!flag[i.a]) flag[i.a] = pc, pc = i.b;
                             break;
      case OP_RET:           pc = flag[i.a]; break;
      case OP_ENTER:         status = enter(vm, &vm->loops[i.a], &state->steps[i.a], &more);
                             if (status) goto stop;
                             if (!more) pc = i.b;
                             break;
      case OP_STEP:          status = pc <= vm->commit && interrupted(vm) ? CVM_INTERRUPTED : step(vm, &vm->loops[i.a], &state->steps[i.a], &more);
                             if (status) goto stop;
                             if (more) pc = i.b;
                             break;
    }
  }
stop:
  return stop(vm, status, pc ? pc - 1 : 0);
pause:
  if (metered) state->fuel = (int32_t)fuel;
  vm->pc = pc;
  return status;
}

static int run_fast(Vm *vm, int64_t fuel) { return interpret(vm, 0, fuel); }
static __attribute__((noinline)) int run_metered(Vm *vm, int64_t fuel) { return interpret(vm, 1, fuel); }

/*
** Runs the program `calls` times, or goes on (0). Returns CVM_DONE, another
** CVM_ status, or the code of the kernel that failed. Small outputs of the
** last call are left in `room`, `at` bytes from its start, unless it is NULL.
*/
EXPORT int32_t cvm_run(Vm *vm, int32_t calls, char *room, int32_t at) {
  int error = begin(vm, calls, room ? room + at : NULL);
  if (error) return error;
  return vm->linked ? vm->linked(vm) : run_fast(vm, -1);
}

/*
** The same by the interpreter, for at most `fuel` instructions (any number if negative); what is
** left at a pause is in state.fuel. Under cvm_debug a crash is a status.
*/
EXPORT int32_t cvm_step(Vm *vm, int32_t calls, int32_t fuel) {
  int status = begin(vm, calls, NULL);
  if (status) return status;
  if (!vm->debug) return run_metered(vm, fuel);
  status = guarded(run_metered, vm, fuel);
  return status == CVM_CRASHED ? stop(vm, status, vm->state->at) : status;
}
