"""Makes Jobs when the schedules of CronJobs say so."""
