package io.holdfast.benchmarks.group;

import com.sun.management.GarbageCollectionNotificationInfo;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicLong;
import javax.management.Notification;
import javax.management.NotificationEmitter;
import javax.management.openmbean.CompositeData;

/** Written by the virtual machine's notifying thread, read by any: how long collections held up this process. */
final class CollectionPauses {
    private final AtomicLong longestMs = new AtomicLong();

    private CollectionPauses() {
    }

    static CollectionPauses watch() {
        CollectionPauses pauses = new CollectionPauses();
        for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            ((NotificationEmitter) collector).addNotificationListener((notification, handback) -> pauses.note(notification), null, null);
        }
        return pauses;
    }

    private void note(Notification notification) {
        if (notification.getType().equals(GarbageCollectionNotificationInfo.GARBAGE_COLLECTION_NOTIFICATION)) {
            long ms = GarbageCollectionNotificationInfo.from((CompositeData) notification.getUserData()).getGcInfo().getDuration();
            longestMs.accumulateAndGet(ms, Math::max);
        }
    }

    /** The longest since this was asked last, in milliseconds. */
    long taken() {
        return longestMs.getAndSet(0);
    }
}
