package io.holdfast.benchmarks;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What every benchmark can be told. Owned by the main thread. */
public final class BenchOptions {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "show this and end")
    private boolean help;

    @Option(names = "--quick", description = "as little as it can: to see that it runs")
    private boolean quick;

    @Option(names = "--json", paramLabel = "FILE", description = "write the results there too, for machines")
    private Path json;

    public boolean quick() {
        return quick;
    }

    /** Null when machines are not to be told. */
    public Path json() {
        return json;
    }
}
