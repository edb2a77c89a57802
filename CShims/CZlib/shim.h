#include <zlib.h>

/// deflateInit2 is a macro. A window of 15 bits with 16 added asks for gzip's header and trailer; 8 is zlib's usual memory level.
static inline int czlib_begin_gzip(z_streamp stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

/// The plain zlib format (RFC 1950). The stream must stay where it is: zlib keeps its address.
static inline int czlib_begin_deflate(z_streamp stream, int level) { return deflateInit(stream, level); }
static inline int czlib_begin_inflate(z_streamp stream) { return inflateInit(stream); }
