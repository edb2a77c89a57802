internal import CLinux

/// The sources of SupervisorAPI and PodSupervisor are compiled here a second time, as Embedded Swift.
@main struct Main {
    static func main() { sv_exit(SupervisorMain.run()) }
}
