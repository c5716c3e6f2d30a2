/**
 * Gives a restored or fresh workload what clients sent since its mark, and makes its sockets fit for the outside.
 *
 * <p>The order of a takeover, all in the network namespace of the workload:
 * <ol>
 *   <li>at the start of the service: {@link io.holdfast.restore.replay.Loopback#open};</li>
 *   <li>Captured: {@link io.holdfast.restore.replay.PendingHandshakes#begin} with the table of all committed packets, then the
 *       gate holds, {@link io.holdfast.restore.replay.Loopback#engage}, the address is added and announced,
 *       {@link io.holdfast.restore.replay.ClientNudge};</li>
 *   <li>Restored: the workload runs; it can only answer into the loopback;</li>
 *   <li>Replaying: {@link io.holdfast.restore.replay.Replayer#replay} with the table of the manifest and a
 *       {@link io.holdfast.restore.replay.JournalReplaySource};</li>
 *   <li>Fixed: {@link io.holdfast.restore.replay.TakeoverFix#fix}, then
 *       {@link io.holdfast.restore.replay.PendingHandshakes#resolve};</li>
 *   <li>Live: egress opens, {@link io.holdfast.restore.replay.Loopback#release},
 *       {@link io.holdfast.restore.replay.TakeoverFix#kick}, the gate opens,
 *       {@link io.holdfast.restore.replay.TakeoverFix#finish}, and
 *       {@link io.holdfast.restore.replay.ContinuedHandshakes#finish} now and then while there is something to finish;</li>
 *   <li>on demotion: {@link io.holdfast.restore.replay.ConntrackAdjust#flush} and
 *       {@link io.holdfast.restore.replay.PendingHandshakes#end}.</li>
 * </ol>
 */
package io.holdfast.restore.replay;
