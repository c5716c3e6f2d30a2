package io.holdfast.cli.demo;

import io.holdfast.cli.testbed.Fault;

/**
 * What a run of the demo does. Immutable.
 *
 * @param checkpoints false: the policy {@code none}, a fresh workload and replay from the first entry
 * @param pipelineDepth requests in one batch of the connection that pipelines
 */
record DemoOptions(int kills, int connections, Fault fault, boolean checkpoints, long checkpointIntervalMs,
        long thinkMicros, int pipelineDepth, boolean keep, long seed) {

    DemoOptions {
        if (kills < 1 || connections < 2 || thinkMicros < 0 || pipelineDepth < 1) {
            throw new IllegalArgumentException("at least one kill and two connections");
        }
    }
}
