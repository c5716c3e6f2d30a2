package io.holdfast.benchmarks.protect;

import io.holdfast.benchmarks.protect.Figures.Figure;
import io.holdfast.cli.testbed.Layout;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
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

    static final List<Integer> CONNECTIONS = List.of(1, 50);
    private static final long SLACK_SECONDS = 60;
    private static final int MOST_DISTURBED = 5;

    /**
     * How much of everything.
     *
     * @param warmUpRequests before the first round, with many connections: until compilers are done
     * @param settleRequests before each measurement, on its own connections
     * @param requestsEach   of one connection alone; a measurement with many has {@code requestsMany} in all
     * @param bound          a measurement that takes longer ends there
     */
    record Plan(int rounds, long warmUpRequests, long settleRequests, long requestsEach, long requestsMany,
            Duration bound) {

        static final Plan FULL = new Plan(5, 300_000, 3_000, 30_000, 150_000, Duration.ofSeconds(15));
        static final Plan QUICK = new Plan(1, 50_000, 1_000, 5_000, 30_000, Duration.ofSeconds(10));

        Plan withRounds(int count) {
            return new Plan(count, warmUpRequests, settleRequests, requestsEach, requestsMany, bound);
        }

        long requests(int connections) {
            return connections == 1 ? requestsEach : requestsMany;
        }
    }

    private final List<Subject> subjects;
    private final Plan plan;
    private final Figures figures = new Figures();
    private int runs;
    private int disturbed;

    Comparison(List<Subject> subjects, Plan plan) {
        this.subjects = List.copyOf(subjects);
        this.plan = plan;
    }

    /** Runs to the end; the figures of every round. */
    Figures run() throws IOException, InterruptedException {
        int many = CONNECTIONS.get(CONNECTIONS.size() - 1);
        for (Subject subject : subjects) {
            load(subject, many, 0, plan.warmUpRequests(), plan.bound().multipliedBy(2));
        }
        for (int round = 0; round < plan.rounds(); round++) {
            for (int connections : CONNECTIONS) {
                for (int turn = 0; turn < subjects.size(); turn++) {
                    measure(subjects.get((round + turn) % subjects.size()), connections);
                }
            }
        }
        return figures;
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
        double second = subject.replicas() > 0 ? Double.NaN // it cannot ask for WAIT behind each write
                : RedisBenchmark.perSecond(subject, connections, plan.requests(connections));
        if (subject.takeovers() != takeoversBefore) {
            return false;
        }
        Load load = measured.load();
        figures.add(subject, connections, Figure.THROUGHPUT, load.perSecond());
        figures.add(subject, connections, Figure.P50, load.micros(50));
        figures.add(subject, connections, Figure.P99, load.micros(99));
        figures.add(subject, connections, Figure.CPU, measured.cpuMicros() / load.answered());
        if (!Double.isNaN(second)) {
            figures.add(subject, connections, Figure.REDIS_BENCHMARK, second);
        }
        return true;
    }

    private record Measured(Load load, double cpuMicros) {
    }

    private Measured load(Subject subject, int connections, long settle, long requests, Duration bound)
            throws IOException, InterruptedException {
        String keys = "bench:" + ++runs + ":";
        return inClient(subject, bound.multipliedBy(2), () -> {
            try (ClosedLoop client = new ClosedLoop(new InetSocketAddress(Layout.VIP, Layout.WORKLOAD_PORT),
                    connections, keys, subject.replicas())) {
                client.run(settle, bound);
                double before = CpuTime.busyMicros();
                Load load = client.run(requests, bound);
                return new Measured(load, CpuTime.busyMicros() - before);
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
