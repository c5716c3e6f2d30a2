package io.holdfast.capture;

/** Looks on as packets are taken in; called by the capture thread, must not block. */
public interface CaptureObserver {
    /** A TCP segment was taken by the sink. The view is valid for the call only. */
    void onCaptured(TcpView segment);

    /** The capture thread has ended because of {@code cause}. Its queue is closed, so the kernel drops what comes. */
    void onFailure(Throwable cause);
}
