package io.holdfast.benchmarks.protect;

import io.holdfast.cli.testbed.Layout;
import io.holdfast.cli.testbed.TestbedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Redis's own load generator, as a second opinion on throughput. Has no state. */
final class RedisBenchmark {

    private static final String BOUND_SECONDS = "60";

    private RedisBenchmark() {
    }

    /** Runs {@code INCR} in a closed loop from the subject's client; requests a second. */
    static double perSecond(Subject subject, int connections, long requests) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("timeout", BOUND_SECONDS));
        command.addAll(subject.testbed().inClient(List.of("redis-benchmark", "-h", Layout.VIP, "-p",
                Integer.toString(Layout.WORKLOAD_PORT), "-c", Integer.toString(connections), "-n",
                Long.toString(requests), "-t", "incr", "-P", "1", "--csv")));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        if (process.waitFor() != 0) {
            throw new TestbedException("redis-benchmark ended with " + process.exitValue() + ": " + output.strip());
        }
        return parse(output);
    }

    /** The line {@code "INCR","46511.63",...}. */
    static double parse(String csv) {
        return csv.lines().filter(line -> line.startsWith("\"INCR\",")).findFirst()
                .map(line -> Double.parseDouble(line.split("\"")[3]))
                .orElseThrow(() -> new TestbedException("redis-benchmark says nothing of INCR: " + csv.strip()));
    }
}
