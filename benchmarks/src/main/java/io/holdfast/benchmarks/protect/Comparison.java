package io.holdfast.benchmarks.protect;

import io.holdfast.benchmarks.CpuShares;
import io.holdfast.benchmarks.protect.Figures.Figure;
import io.holdfast.cli.testbed.Layout;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Puts the same load on each subject in turn, round after round, so that what changes on the machine meanwhile meets
 * all of them. Owned by the main thread; the load comes from a thread in the subject's client namespace.
 */
final class Comparison {

    /** The connections that {@link Plan#warmUpRequests} are meant for; with fewer it is fewer. */
    private static final int WARM_UP_CONNECTIONS = 50;
    /** The compilers of four processes rest when together they take no more than this of a CPU. */
    private static final double RESTING = 0.03;
    private static final long SLACK_SECONDS = 60;
    private static final int MOST_DISTURBED = 5;

    /**
     * How much of everything.
     *
     * @param warmUpPieces   before the first round, until compilers are done, so many at most
     * @param warmUpRequests in each of them
     * @param settleRequests before each measurement, on its own connections
     * @param requestsEach   of one connection alone; a measurement with many has {@code requestsMany} in all
     * @param bound          a measurement that takes longer ends there
     * @param connections    at once, one measurement each
     * @param secondOpinion  whether redis-benchmark measures too
     */
    record Plan(int rounds, int warmUpPieces, long warmUpRequests, long settleRequests, long requestsEach, long requestsMany,
            Duration bound, List<Integer> connections, boolean secondOpinion) {

        static final Plan FULL = new Plan(5, 6, 300_000, 3_000, 30_000, 150_000, Duration.ofSeconds(15), List.of(1, 50),
                true);
        static final Plan QUICK = new Plan(1, 1, 50_000, 1_000, 5_000, 30_000, Duration.ofSeconds(10), List.of(1, 50), true);

        Plan withRounds(int count) {
            return new Plan(count, warmUpPieces, warmUpRequests, settleRequests, requestsEach, requestsMany, bound, connections,
                    secondOpinion);
        }

        Plan withConnections(List<Integer> counts) {
            return new Plan(rounds, warmUpPieces, warmUpRequests, settleRequests, requestsEach, requestsMany, bound,
                    List.copyOf(counts), secondOpinion);
        }

        Plan withoutSecondOpinion() {
            return new Plan(rounds, warmUpPieces, warmUpRequests, settleRequests, requestsEach, requestsMany, bound, connections, false);
        }

        long requests(int connections) {
            return connections == 1 ? requestsEach : requestsMany;
        }
    }

    private final List<Subject> subjects;
    private final Plan plan;
    private final PrintWriter profile;
    private final Figures figures = new Figures();
    private int runs;
    private int disturbed;

    /** @param profile told after each measurement who used the CPU; null when nobody wants to know */
    Comparison(List<Subject> subjects, Plan plan, PrintWriter profile) {
        this.profile = profile;
        this.subjects = List.copyOf(subjects);
        this.plan = plan;
    }

    /** Runs to the end; the figures of every round. */
    Figures run() throws IOException, InterruptedException {
        for (Subject subject : subjects) {
            warmUp(subject);
        }
        for (int round = 0; round < plan.rounds(); round++) {
            for (int connections : plan.connections()) {
                for (int turn = 0; turn < subjects.size(); turn++) {
                    measure(subjects.get((round + turn) % subjects.size()), connections);
                }
            }
        }
        return figures;
    }

    /** Until the compilers rest, here and in the subject's processes, or for so long as the plan has it. */
    private void warmUp(Subject subject) throws IOException, InterruptedException {
        for (int piece = 0; piece < plan.warmUpPieces(); piece++) {
            long began = System.nanoTime();
            long compilingNanos = 0;
            for (int connections : plan.connections()) {
                long requests = plan.warmUpRequests() * connections / WARM_UP_CONNECTIONS;
                compilingNanos += load(subject, connections, 0, requests, plan.bound().multipliedBy(2)).compilingNanos();
            }
            if (compilingNanos < (System.nanoTime() - began) * RESTING) {
                return;
            }
        }
    }

    /** Measurements that a takeover fell into, and that were made again. */
    int disturbed() {
        return disturbed;
    }

    private void measure(Subject subject, int connections) throws IOException, InterruptedException {
        while (!undisturbed(subject, connections)) {
            if (++disturbed > MOST_DISTURBED) {
                throw new IOException(subject.label() + " had takeovers in " + disturbed + " measurements\n"
                        + subject.logTails());
            }
        }
    }

    private boolean undisturbed(Subject subject, int connections) throws IOException, InterruptedException {
        long takeoversBefore = subject.takeovers();
        Measured measured = load(subject, connections, plan.settleRequests(), plan.requests(connections),
                plan.bound());
        Load load = measured.load();
        // redis-benchmark cannot ask for WAIT behind each write
        double second = subject.replicas() > 0 || !plan.secondOpinion() ? Double.NaN
                : RedisBenchmark.perSecond(subject, connections, plan.requests(connections));
        if (subject.takeovers() != takeoversBefore) {
            return false;
        }
        figures.add(subject, connections, Figure.THROUGHPUT, load.perSecond());
        figures.add(subject, connections, Figure.P50, load.micros(50));
        figures.add(subject, connections, Figure.P99, load.micros(99));
        figures.add(subject, connections, Figure.CPU, measured.cpuMicros() / load.answered());
        if (profile != null) {
            profile.printf(Locale.ROOT, "%n  %s, %d connections: %.0f requests/s, p50 %.0f us, p99 %.0f us, CPU %.1f us/req%n%s",
                    subject.label(), connections, load.perSecond(), load.micros(50), load.micros(99),
                    measured.cpuMicros() / load.answered(), measured.shares());
            profile.flush();
        }
        if (!Double.isNaN(second)) {
            figures.add(subject, connections, Figure.REDIS_BENCHMARK, second);
        }
        return true;
    }

    private record Measured(Load load, double cpuMicros, String shares, long compilingNanos) {
    }

    private Measured load(Subject subject, int connections, long settle, long requests, Duration bound)
            throws IOException, InterruptedException {
        String keys = "bench:" + ++runs + ":";
        Map<String, List<Long>> processes = new HashMap<>(subject.processes());
        processes.put("client", List.of(ProcessHandle.current().pid()));
        return inClient(subject, bound.multipliedBy(2), () -> {
            try (ClosedLoop client = new ClosedLoop(new InetSocketAddress(Layout.VIP, Layout.WORKLOAD_PORT),
                    connections, keys, subject.replicas())) {
                client.run(settle, bound);
                CpuShares sharesBefore = CpuShares.now(processes);
                double before = CpuTime.busyMicros();
                Load load = client.run(requests, bound);
                double cpuMicros = CpuTime.busyMicros() - before;
                CpuShares shares = CpuShares.now(processes);
                return new Measured(load, cpuMicros, shares.since(sharesBefore, load.answered()),
                        shares.compilingNanosSince(sharesBefore));
            }
        });
    }

    private static <T> T inClient(Subject subject, Duration bound, Callable<T> work)
            throws IOException, InterruptedException {
        ExecutorService thread = Executors.newSingleThreadExecutor(subject.testbed().clientThreads());
        try {
            return thread.submit(work).get(bound.toSeconds() + SLACK_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IOException(subject.label() + ": " + e.getCause().getMessage() + "\n" + subject.logTails(),
                    e.getCause());
        } catch (TimeoutException e) {
            throw new IOException(subject.label() + " does not answer\n" + subject.logTails(), e);
        } finally {
            thread.shutdownNow();
        }
    }
}
