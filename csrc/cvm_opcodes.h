/*
** The instruction set. A program is the whole policy: cvm_nogc is a program
** without FREE, ifelse is a forward jump, scan is a backward one.
**
** name             a      b       effect
*/
OP(HALT)          /* -      -       stop: every output is set                                  */
OP(CALL)          /* thunk  -       outputs := kernel(inputs)                                  */
OP(CALL_PARALLEL) /* thunk  -       the same, its range split over the pool                    */
OP(HOST)          /* thunk  -       return to TypeScript, which runs the op and calls again    */
OP(BIND)          /* slot   slot    slot a looks where slot b does, and owns nothing           */
OP(FREE)          /* slot   -       release the buffer that slot a owns, if it owns one        */
OP(SWAP)          /* slot   slot    exchange the buffers of storage a and slot b               */
OP(CLEAR)         /* flag   n       flags a .. a+n-1 := 0                                      */
OP(JUMP)          /* -      pc      pc := b                                                    */
OP(JUMP_UNLESS)   /* slot   pc      if the 0-d bool in slot a is 0 then pc := b                */
OP(GOSUB)         /* flag   pc      if flag a = 0 then flag a := pc + 1, pc := b               */
OP(RET)           /* flag   -       pc := flag a                                               */
OP(ENTER)         /* loop   pc      steps := 0; if there are none then pc := b, else first rows */
OP(STEP)          /* loop   pc      steps += 1; if there are more then next rows, pc := b      */
#undef OP
