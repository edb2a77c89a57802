// clone3(2) into the memory of the caller.
#include "clone.h"
#include "syscall.h"

#if defined(__x86_64__)
long clinux_clone_on_stack(struct clone_args *arguments, int (*body)(void *), void *context) {
    long result;
    register long call __asm__("r12") = (long)body;
    register long data __asm__("r13") = (long)context;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %%r13, %%rdi\n\t"
                     "call *%%r12\n\t"
                     "hlt\n"
                     "1:"
                     : "=a"(result)
                     : "a"(__NR_clone3), "D"(arguments), "S"(sizeof *arguments), "r"(call), "r"(data)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
long clinux_clone_on_stack(struct clone_args *arguments, int (*body)(void *), void *context) {
    register long x8 __asm__("x8") = __NR_clone3;
    register long x0 __asm__("x0") = (long)arguments;
    register long x1 __asm__("x1") = sizeof *arguments;
    register long x19 __asm__("x19") = (long)body;
    register long x20 __asm__("x20") = (long)context;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, x20\n\t"
                     "blr x19\n\t"
                     "brk #0\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x19), "r"(x20)
                     : "memory");
    return x0;
}
#endif
