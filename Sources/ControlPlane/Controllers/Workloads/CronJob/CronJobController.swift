internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Makes Jobs at the times of a schedule.
struct CronJobController: Controller {
    static let name = "cronjob-controller"

    private let context: ControllerContext
    private let cronJobs: Informer<CronJob>
    private let jobs: Informer<Job>
    private let queue: WorkQueue<ObjectKey>
    private let writtenCronJobs: OwnWrites<CronJob>
    private let writtenJobs: OwnWrites<Job>

    init(_ context: ControllerContext) {
        self.context = context
        cronJobs = context.informers.informer(CronJob.self)
        jobs = context.informers.informer(Job.self)
        queue = WorkQueue(time: context.time)
        writtenCronJobs = OwnWrites(cronJobs, time: context.time)
        writtenJobs = OwnWrites(jobs, time: context.time)
        jobs.addOwnershipIndexes()
        watch()
    }

    func run() async {
        await context.informers.waitForSync()
        await Reconciler(queue: queue, report: { context.report("\($0): \($1)") }, reconcile: reconcile).run(workers: 5)
    }

    private func watch() {
        let (queue, writtenCronJobs, writtenJobs) = (queue, writtenCronJobs, writtenJobs)
        cronJobs.addHandler { event in
            switch event {
            case .added(let cronJob), .updated(_, let cronJob): queue.add(ObjectKey(cronJob))
            case .deleted(let cronJob):
                writtenCronJobs.forget(ObjectKey(cronJob))
                writtenJobs.forget(ObjectKey(cronJob))
            }
        }
        let routes = ChildRoutes<Job>(kind: CronJob.groupVersionKind, queue: queue, differs: { $0.end != $1.end })
        jobs.addHandler { routes.handle($0) }
    }

    // MARK: One look

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let cronJob = cronJobs[key] else { return .done }
        guard writtenCronJobs.areSeen(for: key), writtenJobs.areSeen(for: key) else { return .again(after: OwnWrites<Job>.patience) }
        let owner = Owner(cronJob)
        var sync = CronSync(cronJob, jobs: jobs.owned(byUID: owner.uid), now: context.time.wallTime)
        var told = 0
        func tell() {
            for note in sync.notes[told...] {
                context.events.record(owner.objectReference, type: note.type, reason: note.reason, message: note.message)
            }
            told = sync.notes.count
        }
        do throws(ClientError) {
            for reference in sync.noteEnded() {
                if try await isGone(reference) { sync.noteMissing(reference) }
            }
            for job in sync.surplus { try await delete(job.metadata.name ?? "", job.metadata.uid, &sync, owner) }
            let outcome = try await startIfDue(&sync, owner)
            tell()
            try await write(sync.cronJob, instead: cronJob)
            return outcome
        } catch {
            tell()
            // Changed meanwhile: the event of the change brings us back.
            if error.isConflict { return .done }
            throw error
        }
    }

    private func isGone(_ reference: ObjectReference) async throws(ClientError) -> Bool {
        do throws(ClientError) {
            let job = try await context.client.resource(Job.self, namespace: reference.namespace).get(reference.name ?? "")
            return job.metadata.uid != reference.uid
        } catch {
            if error.isNotFound { return true }
            throw error
        }
    }

    private func startIfDue(_ sync: inout CronSync, _ owner: Owner) async throws(ClientError) -> Reconciler<ObjectKey>.Outcome {
        let cronJob = sync.cronJob
        guard !cronJob.metadata.isBeingDeleted, let (schedule, zone) = readSchedule(&sync), cronJob.spec.suspend != true else {
            return .done
        }
        let times = CronTimes(cronJob: cronJob, schedule: schedule, zone: zone, now: sync.now)
        if case .yes(let time, let replaced) = sync.start(times) {
            for reference in replaced { try await delete(reference.name ?? "", reference.uid, &sync, owner) }
            try await start(at: time, zone, &sync, owner)
        }
        let next = CronTimes(cronJob: sync.cronJob, schedule: schedule, zone: zone, now: sync.now).untilNext()
        return next.map { .again(after: $0) } ?? .done
    }

    private func readSchedule(_ sync: inout CronSync) -> (CronSchedule, TimeZoneRules)? {
        let spec = sync.cronJob.spec
        let zone: TimeZoneRules
        do throws(TimeZoneError) { zone = try .load(spec.timeZone) } catch {
            sync.note("UnknownTimeZone", "invalid timeZone: \(error)", type: "Warning")
            return nil
        }
        do throws(CronScheduleError) {
            return (try CronSchedule(parsing: spec.schedule), zone)
        } catch {
            sync.note("UnparseableSchedule", "unparseable schedule: \(spec.schedule.quoted) : \(error)", type: "Warning")
            return nil
        }
    }

    private func start(at time: Timestamp, _ zone: TimeZoneRules, _ sync: inout CronSync, _ owner: Owner) async throws(ClientError) {
        let resource = context.client.resource(Job.self, namespace: owner.namespace)
        do throws(ClientError) {
            let job = try await resource.create(CronSync.job(of: sync.cronJob, at: time, in: zone))
            writtenJobs.wrote(job, for: owner.key)
            sync.note("SuccessfulCreate", "Created job \(job.metadata.name ?? "")")
            sync.noteStarted(job, at: time)
        } catch {
            if error.isAlreadyExists {
                // Made before we were stopped, and not written down.
                let job = try await resource.get(CronSync.jobName(sync.cronJob, at: time))
                if job.metadata.isControlled(by: owner), job.end == nil { sync.noteStarted(job, at: time) }
                if job.metadata.isControlled(by: owner), job.end != nil { sync.cronJob.status.lastScheduleTime = time }
                return
            }
            if error.isNamespaceTerminating { return }
            sync.note("FailedCreate", "Error creating job: \(error)", type: "Warning")
            throw error
        }
    }

    private func delete(_ name: String, _ uid: String?, _ sync: inout CronSync, _ owner: Owner) async throws(ClientError) {
        do throws(ClientError) {
            try await context.client.resource(Job.self, namespace: owner.namespace).delete(name, propagationPolicy: "Background")
        } catch {
            if !error.isNotFound {
                sync.note("FailedDelete", "Deleted job: \(error)", type: "Warning")
                throw error
            }
        }
        sync.cronJob.status.active.removeAll { $0.uid == uid }
        sync.note("SuccessfulDelete", "Deleted job \(name)")
    }

    private func write(_ changed: CronJob, instead cronJob: CronJob) async throws(ClientError) {
        guard changed.status != cronJob.status else { return }
        let answer = try await context.client.resource(CronJob.self, namespace: cronJob.metadata.namespace).update(
            changed, subresource: "status")
        writtenCronJobs.wrote(answer, for: ObjectKey(cronJob))
    }
}
