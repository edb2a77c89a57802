internal import LinuxSystem
internal import SupervisorAPI

// What is written of ends, and read again.
extension NativeRuntime {
    /// What its supervisor wrote of a container's end; nil when it wrote nothing that can be read.
    func recordedExit(of container: Container) -> ProcessExit? {
        do {
            guard let bytes = try StateFiles.read(container.exitRecordPath, limit: ExitRecord.sizeLimit) else { return nil }
            return try ExitRecord(decoding: bytes).exit
        } catch {
            setAside(
                container.exitRecordPath, as: "\(container.sandbox.id).exit.\(container.id)", error,
                "how container \(container.config.metadata.name) ended is lost")
            return nil
        }
    }

    /// A sandbox is over, and goes on its way also when that cannot be written, for want of room: without its supervisor a later daemon
    /// finds out by itself.
    func noteStopped(_ record: SandboxRecord, _ layout: SandboxLayout) {
        do {
            try StateFiles.write(record, to: layout.record)
        } catch {
            configuration.report("record that sandbox \(record.id) is stopped: \(error)")
        }
    }
}
