"""All planted faults: one line of the engine each, replaced as somebody might get it wrong."""

from tests.property import faults_in_company, faults_in_corrections, faults_in_time

FAULTS = (*faults_in_time.PLANTED, *faults_in_corrections.PLANTED, *faults_in_company.PLANTED)
