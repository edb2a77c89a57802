#include "include/CArchive.h"

#define LIBRARY "libarchive.so.13"
#define LOAD carchive_load
#define FUNCTIONS "CArchive/functions.h"
#include "../late_loading.h"
