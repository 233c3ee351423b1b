package org.apache.dubbo.common.stream;

/** Stands for Dubbo's. */
public interface StreamObserver<T> {
    void onNext(T data);
}
