package io.holdfast.restore.checkpoint;

import io.holdfast.restore.workload.WorkloadProcesses;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A CRIU process that has started up and waits for the word to dump. Owned by the thread that prepared it.
 *
 * <p>Starting CRIU takes longer than dumping a small program, so it is done before the gate is closed. Until
 * {@link #run} nothing has happened to the workload. CRIU itself holds the workload still while its data is copied, so
 * there is no moment at which the end of this process, or of CRIU, would leave the workload stopped.
 */
public final class PreparedDump implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PreparedDump.class);
    private static final long ABORT_TIMEOUT_MS = 5_000;

    /** Where a dump stands. */
    private enum State {
        /** CRIU waits; the workload runs and nothing was done to it. */
        WAITING,
        /** CRIU was told to go: it has the workload, or is about to. */
        DUMPING,
        /** CRIU has ended and the workload runs. */
        OVER
    }

    private final CriuRun run;
    private final long workloadPid;
    private State state = State.WAITING;

    PreparedDump(CriuRun run, long workloadPid) {
        this.run = run;
        this.workloadPid = workloadPid;
    }

    /**
     * Dumps the workload and lets it run on. Once the image is written {@code whileStill} runs, with every process of the
     * workload standing still; what it throws makes the dump a failure and is passed on after the workload runs again.
     */
    public DumpResult run(Runnable whileStill) {
        if (state != State.WAITING) {
            throw new IllegalStateException("a dump runs once; it is " + state);
        }
        long beginNanos = System.nanoTime();
        state = State.DUMPING;
        run.answer(Criu.GO);
        run.await(Criu.POST_DUMP);
        long dumpedNanos = System.nanoTime();
        whileStill.run();
        long copiedNanos = System.nanoTime();
        run.requireTime();
        run.answer(Criu.GO);
        run.awaitSuccess();
        state = State.OVER;
        long endNanos = System.nanoTime();
        run.deleteDirectory();
        return new DumpResult((dumpedNanos - beginNanos) / 1_000, (copiedNanos - dumpedNanos) / 1_000,
            (endNanos - copiedNanos) / 1_000);
    }

    /** Ends CRIU if it is still there, and makes sure that the workload runs. */
    @Override
    public void close() {
        if (state == State.OVER) {
            return;
        }
        State before = state;
        state = State.OVER;
        if (before == State.WAITING) {
            run.kill();
            run.deleteDirectory();
            return;
        }
        try {
            // CRIU takes its own code out of the processes when it is asked to give up; killed, it could not.
            run.answer(Criu.STOP);
        } catch (CriuException e) {
            LOG.debug("CRIU has ended already", e);
        }
        if (!run.awaitEnd(ABORT_TIMEOUT_MS)) {
            LOG.warn("CRIU does not give up the dump of process {}: killing it", workloadPid);
            run.kill();
        }
        List<Long> resumed = WorkloadProcesses.resume(workloadPid);
        if (!resumed.isEmpty()) {
            LOG.warn("the failed dump left processes {} stopped; they run again", resumed);
        }
    }
}
