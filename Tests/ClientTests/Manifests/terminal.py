"""Runs a command on a terminal of its own, changes the window's size, and checks that the shell at the other end has heard of it."""
import fcntl, os, pty, select, struct, sys, termios, time

pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])


def resize(rows, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def expect(text, seconds=20):
    seen, end = "", time.time() + seconds
    while time.time() < end:
        if select.select([master], [], [], 0.1)[0]:
            try:
                seen += os.read(master, 65536).decode(errors="replace")
            except OSError:
                break
        if text in seen:
            return
    sys.exit(f"expected {text!r}, got {seen!r}")


resize(33, 111)
os.write(master, b"echo re$((1+1))dy\n")
expect("re2dy")
os.write(master, b"while [ \"$(stty size)\" != '33 111' ]; do sleep 0.1; done; echo fir$((1))st\n")
expect("fir1st")
resize(44, 122)
os.write(master, b"while [ \"$(stty size)\" != '44 122' ]; do sleep 0.1; done; echo sec$((2))ond\n")
expect("sec2ond")
os.write(master, b"exit 5\n")
_, status = os.waitpid(pid, 0)
sys.exit(0 if os.waitstatus_to_exitcode(status) == 5 else f"exit code {status}")
