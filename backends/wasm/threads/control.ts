/**
 * What the threads share beside the tensors: a few counters, and a ring of tasks. Counters only grow (and wrap
 * round): a task's number is its place in time, so that a thread that wakes late can never take one twice.
 *
 *     0 TAKEN     tasks 0 … TAKEN - 1 have been taken by a thread
 *     1 POSTED    tasks 0 … POSTED - 1 are there to be taken
 *     2 DONE      so many have been done
 *     3 SLEEPING  so many threads wait for POSTED to change
 *     4 STOP      not 0: leave
 *     5 WAITING   not 0: the main thread sleeps until DONE reaches POSTED
 *     6 FAILED    not 0: a task threw, which is a bug
 *     7 HELPED    so many have been done by worker threads
 */
export const CONTROL_BYTES = 64;
/** Tasks that are posted at once, at most. A power of two: numbers wrap round evenly. */
export const RING = 1024;
/** What a task takes in the ring: which kernel, where its bytes are, which arena, how many arguments; and these. */
export const TASK_WORDS = 32;
export const MAX_ARGUMENTS = TASK_WORDS - 5;

export const RING_BYTES = RING * TASK_WORDS * 8;
