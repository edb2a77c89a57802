/// Umbrella of the C shims.
#pragma once
#include "clinux_plan.h"
#include "clinux_calls.h"
#include "clinux_bpf.h"
#include "clinux_openat2.h"
#include "clinux_files.h"
#include "clinux_cgroup.h"
#include "clinux_supervisor.h"
#include "clinux_epoll.h"
