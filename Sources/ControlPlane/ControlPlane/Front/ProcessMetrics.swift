internal import Glibc
internal import Storage

/// The process in Prometheus' usual names.
enum ProcessMetrics {
    static var text: String {
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        return """
            # TYPE process_cpu_seconds_total counter
            process_cpu_seconds_total \(seconds)
            # TYPE process_resident_memory_bytes gauge
            process_resident_memory_bytes \(residentBytes)

            """
    }

    /// The second number of /proc/self/statm, in pages (proc(5)).
    private static var residentBytes: Int {
        guard let text = try? SecretFile.read("/proc/self/statm") else { return 0 }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(getpagesize())
    }
}

enum StoreMetrics {
    static func text(of storage: any StorageBackend) -> String {
        """
        # TYPE swiftlet_storage_revision gauge
        swiftlet_storage_revision \(storage.currentRevision)
        # TYPE swiftlet_storage_oldest_revision gauge
        swiftlet_storage_oldest_revision \(storage.oldestRevision)

        """
    }
}
