package io.holdfast.node.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class GateTimesTest {
    private final GateTimes times = new GateTimes(16);

    private void take(int packets) {
        for (int i = 0; i < packets; i++) {
            times.offered();
            times.taken();
        }
    }

    @Test
    void everyPacketReleasedIsMeasuredOnce() {
        take(10);
        for (int number = 0; number < 10; number++) {
            times.committed(number);
        }
        times.released(4);
        times.released(6);
        times.offered(); // refused
        Histogram toCommit = times.captureToCommit(null);
        assertThat(toCommit.getTotalCount()).isEqualTo(10);
        assertThat(toCommit.getMaxValue()).isLessThan(GateTimes.HIGHEST_NANOS / 10);
        assertThat(times.commitToRelease(null).getTotalCount()).isEqualTo(10);
        Histogram together = times.releasedTogether(null);
        assertThat(together.getTotalCount()).isEqualTo(2);
        assertThat(together.getMaxValue()).isEqualTo(6);
        assertThat(times.captureToCommit(toCommit).getTotalCount()).as("a second time").isZero();
    }

    @Test
    void aResetBeginsAnew() {
        take(3);
        times.reset();
        take(1);
        times.committed(0);
        times.released(1);
        assertThat(times.captureToCommit(null).getTotalCount()).isEqualTo(1);
    }

    @Test
    void allocatesNothingPerPacket() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        pass(0, 100_000);
        long before = threads.getCurrentThreadAllocatedBytes();
        pass(100_000, 200_000);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(10_000);
    }

    private void pass(int from, int to) {
        for (int number = from; number < to; number++) {
            times.offered();
            times.taken();
            times.committed(number);
            times.released(1);
        }
    }
}
