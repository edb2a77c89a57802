// libnftables as Swift sees it, loaded when it is first needed: rules stay in the kernel, so that most commands need none of it.
#pragma once
// The system's headers first: what they declare is to stay visible.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
// What is defined here goes by libnftables' names; nobody else may see it, least of all libnftables.
#pragma GCC visibility push(hidden)
#include <nftables/libnftables.h>
#pragma GCC visibility pop

/// Loads libnftables. No function of it may be called before.
///
/// - Returns: NULL, or what the dynamic linker says is wrong.
const char *cnftables_load(void);
