#include <sqlite3.h>

/// Binds a copy of the bytes: SQLITE_TRANSIENT is a cast that Swift does not import. No bytes make an empty blob, not NULL.
static inline int csqlite_bind_copy(sqlite3_stmt *statement, int position, const void *bytes, int count) {
    return sqlite3_bind_blob(statement, position, count > 0 ? bytes : "", count, SQLITE_TRANSIENT);
}

/// Extended result codes: macros of the form (A | (n<<8)), which Swift does not import.
enum csqlite_result {
    CSQLITE_IOERR_FSYNC = SQLITE_IOERR_FSYNC,
    CSQLITE_IOERR_DIR_FSYNC = SQLITE_IOERR_DIR_FSYNC,
};
