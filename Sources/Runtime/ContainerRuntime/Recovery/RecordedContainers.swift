internal import LinuxSystem

/// What the records of a run directory say of a pod's containers, for who looks at them without being their runtime.
package enum RecordedContainers {
    /// A record that cannot be read is left out: whoever asks for it misses it by its id.
    package static func ofPod(_ uid: String, runDirectory: String) throws -> [ContainerRecord] {
        let layout = StateLayout(runDirectory: runDirectory)
        return try Files.namesIfAny(in: layout.pods).flatMap { id -> [ContainerRecord] in
            let sandbox = layout.sandbox(id)
            guard let record = try? NativeRuntime.record(sandbox), record.config.metadata.uid == uid else { return [] }
            return try Files.namesIfAny(in: sandbox.containers).filter { $0.hasSuffix(".json") }.compactMap { name in
                guard let bytes = try StateFiles.read("\(sandbox.containers)/\(name)") else { return nil }
                return try? StateDecoder().decode(record: ContainerRecord.self, from: bytes)
            }
        }
    }
}
