/**
 * What the threads share beside the tensors: counters, and a table of arguments. Tasks are posted in batches: all of a
 * batch run one kernel on one arena, each with its own row of the table. A task's number is its place in time: numbers
 * only grow (and wrap round), so that a thread that wakes late can never take one twice.
 *
 *     0 TAKEN      tasks 0 … TAKEN - 1 have been taken by a thread
 *     1 POSTED     tasks 0 … POSTED - 1 are there to be taken
 *     2 DONE       how many have been done
 *     3 SLEEPING   how many threads wait for POSTED to change
 *     4 STOP       not 0: leave
 *     5 WAITING    not 0: the main thread sleeps until DONE reaches POSTED
 *     6 FAILED     not 0: a task threw, which is a bug
 *     7 HELPED     how many have been done by worker threads
 *
 * and of the last batch, which lies there until all of it has been done:
 *
 *     8 FIRST      the number of its first task
 *     9 KERNEL     which kernel
 *    10 ADDRESS    where its bytes are in the first arena
 *    11 LENGTH     how many there are
 *    12 ARENA      which arena it runs on
 *    13 ARGUMENTS  how many arguments a task has: its row of the table
 */
export const CONTROL_BYTES = 64;
/** The most parameters that a function of WebAssembly can have. */
export const MAX_PARAMETERS = 1000;
