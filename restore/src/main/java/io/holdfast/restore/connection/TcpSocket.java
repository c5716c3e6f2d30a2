package io.holdfast.restore.connection;

/**
 * One TCP socket of the network namespace as sock_diag reports it; immutable.
 *
 * @param inode what /proc/PID/fd names the socket by; 0 when no process has it: not accepted yet, or closed by its process
 * @param receiveQueueBytes arrived and not read by the workload; of a listening socket the connections to accept
 * @param sendQueueBytes written by the workload and not acknowledged by the client
 * @param info null where the kernel gave none
 */
public record TcpSocket(TcpTuple tuple, SocketState state, long inode, int receiveQueueBytes, int sendQueueBytes,
                        TcpInfo info) {
}
