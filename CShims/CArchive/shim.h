#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <sys/xattr.h>

/// A locale whose characters are UTF-8. libarchive converts names by the calling thread's locale; in the C locale
/// every name beyond ASCII would be refused. (LC_CTYPE_MASK is not visible to Swift.)
static inline locale_t carchive_utf8_locale(void) { return newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }
