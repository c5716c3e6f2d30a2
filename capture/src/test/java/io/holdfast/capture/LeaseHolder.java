package io.holdfast.capture;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A process that holds the lease until it is told to end or finds the lease lapsed; then it exits with status 3. */
public final class LeaseHolder {
    static final int LAPSED_STATUS = 3;
    static final int DURATION_MS = 250;
    private static final int PERIOD_MS = 40;

    private LeaseHolder() {
    }

    public static void main(String[] args) throws Exception {
        try (EgressLease lease = new EgressLease("holder", TestNetwork.LINK, TestNetwork.VIP_ADDRESS, 1_000)) {
            lease.install();
            if (!lease.grantLease(DURATION_MS)) {
                throw new IllegalStateException("not granted");
            }
            System.out.println("granted");
            System.out.flush();
            while (System.in.available() == 0) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(PERIOD_MS));
                if (!lease.renewLease(DURATION_MS)) {
                    System.exit(LAPSED_STATUS);
                }
            }
        }
    }
}
