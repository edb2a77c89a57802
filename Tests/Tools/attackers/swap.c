/* swap A B: exchanges two names for ever, each exchange atomic, so that a check and a use of one of them can differ. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
int main(int argc, char **argv) {
    if (argc != 3) return 2;
    for (;;) renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE);
}
