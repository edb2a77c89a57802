/// Operations of the plan that live in files of their own; called by the child between clone3 and execve, so they make
/// system calls only. Each returns 0 or an errno with *step set to the call that failed (enum clinux_step).
#pragma once
#include "include/clinux_plan.h"

/// CLINUX_OP_OPEN_PTY over an open unix socket.
int clinux_op_open_pty(int socket, const struct clinux_op *op, int *step);
