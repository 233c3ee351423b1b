package com.alibaba.dubbo.config.bootstrap;

import com.alibaba.dubbo.common.utils.NetUtils;
import com.alibaba.dubbo.config.ApplicationConfig;
import com.alibaba.dubbo.config.ProtocolConfig;
import com.alibaba.dubbo.config.RegistryConfig;
import com.alibaba.dubbo.config.ServiceConfig;

import java.lang.reflect.Field;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** What the peers need of the class that Dubbo has since 2.7.5. */
public final class DubboBootstrap {
    private static final DubboBootstrap INSTANCE = new DubboBootstrap();

    private final List<ServiceConfig<?>> services = new ArrayList<>();
    private ApplicationConfig application;
    private RegistryConfig registry;
    private ProtocolConfig protocol;

    /** 2.6 too connects to another address instead of 127.0.0.1, and has no property that keeps it from that. */
    private DubboBootstrap() {
        try {
            Field address = NetUtils.class.getDeclaredField("LOCAL_ADDRESS");
            address.setAccessible(true);
            address.set(null, InetAddress.getLoopbackAddress());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    public static DubboBootstrap getInstance() { return INSTANCE; }

    /** Of services, and by the properties that 2.6 reads for whatever has no application, of references too. */
    public DubboBootstrap application(ApplicationConfig application) {
        this.application = application;
        System.setProperty("dubbo.application.name", application.getName());
        System.setProperty("dubbo.application.qos.enable", String.valueOf(application.getQosEnable()));
        return this;
    }

    /** Likewise. */
    public DubboBootstrap registry(RegistryConfig registry) {
        this.registry = registry;
        System.setProperty("dubbo.registry.address", registry.getAddress());
        return this;
    }

    public DubboBootstrap protocol(ProtocolConfig protocol) {
        this.protocol = protocol;
        return this;
    }

    public DubboBootstrap service(ServiceConfig<?> service) {
        services.add(service);
        return this;
    }

    public void start() {
        for (ServiceConfig<?> service : services) {
            service.setApplication(application);
            service.setRegistry(registry);
            service.setProtocol(protocol);
            service.export();
        }
    }

    public void await() throws InterruptedException { new CountDownLatch(1).await(); }
}
