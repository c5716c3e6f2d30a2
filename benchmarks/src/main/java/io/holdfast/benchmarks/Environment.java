package io.holdfast.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.OperatingSystemMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What the figures were measured on; no figure means anything without it. Has no state. */
final class Environment {

    /** Above this, what else runs here takes a good part of what is measured. */
    private static final double QUIET_LOAD_PER_CPU = 0.5;

    private Environment() {
    }

    static Map<String, Object> now(double loadBefore) {
        OperatingSystemMXBean system = ManagementFactory.getOperatingSystemMXBean();
        Map<String, Object> told = new TreeMap<>();
        told.put("cpus", system.getAvailableProcessors());
        told.put("cpuModel", cpuModel());
        told.put("kernel", system.getVersion());
        told.put("java", Runtime.version().toString());
        told.put("loadAverageBefore", loadBefore);
        told.put("loadAverageAfter", load());
        return told;
    }

    static double load() {
        return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    }

    /** A warning when the machine is busy with something else, or null. */
    static String busy(double load) {
        int cpus = ManagementFactory.getOperatingSystemMXBean().getAvailableProcessors();
        return load <= QUIET_LOAD_PER_CPU * cpus ? null
                : String.format(Locale.ROOT, "the load average is %.2f on %d CPUs before anything is measured: something"
                        + " else runs here, and the figures will show it", load, cpus);
    }

    private static String cpuModel() {
        try {
            return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                    .filter(line -> line.startsWith("model name")).findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip()).orElse("unknown");
        } catch (IOException e) {
            return "unknown: " + e.getMessage();
        }
    }
}
