package io.holdfast.benchmarks.protect;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How long the CPUs of this machine have worked since it started, whoever for. Has no state. */
final class CpuTime {

    /** A tick of /proc/stat (proc(5), USER_HZ), 10 ms on every Linux that Java runs on. */
    private static final double MICROS_PER_TICK = 10_000;
    /** Columns of the line that are work: user, nice, system, irq, softirq. */
    private static final int[] WORK = {1, 2, 3, 6, 7};

    private CpuTime() {
    }

    static double busyMicros() throws IOException {
        String[] columns = Files.readAllLines(Path.of("/proc/stat")).get(0).split("\\s+");
        double ticks = 0;
        for (int column : WORK) {
            ticks += Long.parseLong(columns[column]);
        }
        return ticks * MICROS_PER_TICK;
    }
}
