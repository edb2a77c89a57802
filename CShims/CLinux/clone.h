#pragma once
#include <linux/sched.h>

/// Calls `body` in a child that shares the caller's memory and runs on the stack of `arguments`; the caller sleeps until it has
/// called execve or ended (CLONE_VM, CLONE_VFORK). libc has no wrapper for clone3(2), and the child must not return through the
/// caller's frame.
long clinux_clone_on_stack(struct clone_args *arguments, int (*body)(void *), void *context);
