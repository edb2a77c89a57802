// libarchive as Swift sees it, loaded when it is first needed: with it come libxml2 and ICU, which would make up a quarter of the time that a
// command takes to start, and most commands read no archive.
#pragma once
// The system's headers first: what they declare is to stay visible.
#include <inttypes.h>
#include <locale.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
// What is defined here goes by libarchive's names; nobody else may see it, least of all libarchive.
#pragma GCC visibility push(hidden)
#include <archive.h>
#include <archive_entry.h>
#pragma GCC visibility pop

/// Loads libarchive. No function of it may be called before.
///
/// - Returns: NULL, or what the dynamic linker says is wrong.
const char *carchive_load(void);

/// A locale whose characters are UTF-8. libarchive converts names by the calling thread's locale; in the C locale
/// every name beyond ASCII would be refused. (LC_CTYPE_MASK is not visible to Swift.)
static inline locale_t carchive_utf8_locale(void) { return newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }
