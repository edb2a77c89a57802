#include "include/CNftables.h"

#define LIBRARY "libnftables.so.1"
#define LOAD cnftables_load
#define FUNCTIONS "CNftables/functions.h"
#include "../late_loading.h"
